# fish completion of cg-auth. Save it as
#   cg-auth completions fish > ~/.config/fish/completions/cg-auth.fish

function __cg_auth_complete
    set -l words (commandline --current-process --tokenize --cut-at-cursor)
    set -l current (commandline --current-token --cut-at-cursor)
    # A path such as ./cg-auth names the program itself.
    set -l program cg-auth
    string match --quiet '*/*' -- $words[1]; and set program (string replace --regex '^~/' "$HOME/" -- $words[1])
    set -e words[1]
    set -l answer ($program __candidates --shell fish -- $words (string unescape -- $current; or echo $current) 2>/dev/null)
    set -l kind (string split --max 1 ' ' -- $answer[1])
    switch $kind[1]
        case files
            set -l prefix (string length -- $kind[2])
            for path in (__fish_complete_path (string sub --start (math $prefix + 1) -- $current))
                printf '%s%s\n' $kind[2] $path
            end
        case command
            complete --do-complete (string join ' ' -- (string escape -- $words[(math $kind[2] + 1)..-1]) $current)
        case values
            printf '%s\n' $answer[2..-1]
    end
end

complete --command cg-auth --no-files --arguments '(__cg_auth_complete)'
