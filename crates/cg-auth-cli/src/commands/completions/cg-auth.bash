# bash completion of cg-auth. With the package bash-completion, save it as
#   cg-auth completions bash > ~/.local/share/bash-completion/completions/cg-auth
# Without, add this line to ~/.bashrc:
#   source <(cg-auth completions bash)

_cg_auth() {
    local program=cg-auth typed=${COMP_LINE:0:COMP_POINT} current=$2 i word
    local -a words=() starts=()
    COMPREPLY=()

    # bash splits words at the characters of COMP_WORDBREAKS, such as = and :, and this joins them again. The word
    # at the cursor ends there.
    for ((i = 0; i <= COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        ((i < COMP_CWORD)) || word=${typed#"${typed%%[![:space:]]*}"}
        if ((i > 0)) && [[ $typed && $typed != [[:space:]]* ]]; then
            words[${#words[@]} - 1]+=$word
        else
            words[${#words[@]}]=$word
            starts[${#starts[@]}]=$i
        fi
        typed=${typed#"${typed%%[![:space:]]*}"}
        typed=${typed#"$word"}
    done

    # A path such as ./cg-auth names the program itself.
    [[ $1 != */* ]] || program=$1
    [[ $1 != '~/'* ]] || program=$HOME/${1#'~/'}
    local kind='' rest='' line value
    while IFS= read -r line; do
        if [[ ! $kind ]]; then
            kind=${line%% *} rest=${line#* }
        else
            value=${line%%$'\t'*}
            COMPREPLY[${#COMPREPLY[@]}]=$value
        fi
    done < <("$program" __candidates --shell bash -- "${words[@]:1}" 2>/dev/null)

    case $kind in
    files)
        # bash itself completes the name of a file, if there is no reply.
        return 0
        ;;
    command)
        # The name in the package bash-completion from 2.12 on, and the one before.
        if declare -F _comp_command_offset >/dev/null; then
            _comp_command_offset "${starts[rest + 1]}"
        elif declare -F _command_offset >/dev/null; then
            _command_offset "${starts[rest + 1]}"
        elif ((${#words[@]} == rest + 2)); then
            COMPREPLY=($(compgen -c -- "$current"))
        fi
        return 0
        ;;
    esac
    compopt +o default +o bashdefault 2>/dev/null

    # bash replaces the word from the last break on only.
    local last=${words[${#words[@]} - 1]}
    if [[ $last == *"$current" ]]; then
        local before=$((${#last} - ${#current}))
        for i in "${!COMPREPLY[@]}"; do
            COMPREPLY[i]=${COMPREPLY[i]:before}
        done
    fi
}

complete -o default -o bashdefault -F _cg_auth cg-auth
