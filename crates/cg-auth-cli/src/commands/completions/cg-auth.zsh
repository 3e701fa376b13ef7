#compdef cg-auth
# zsh completion of cg-auth. Save it in a folder of $fpath:
#   cg-auth completions zsh > "${fpath[1]}/_cg-auth"
# Or add this line to ~/.zshrc, after compinit:
#   source <(cg-auth completions zsh)

_cg-auth() {
    local program=cg-auth line kind rest value
    local -a typed found
    typed=("${(@Q)words[2,CURRENT]}")
    # The word at the cursor ends there.
    typed[CURRENT-1]=${(Q)PREFIX}

    # A path such as ./cg-auth names the program itself.
    [[ $words[1] != */* ]] || program=${~words[1]}
    while IFS= read -r line; do
        if [[ -z $kind ]]; then
            kind=${line%% *} rest=${line#* }
        else
            value=${line%%$'\t'*}
            value=${${value//\\/\\\\}//:/\\:}
            line=${line#*$'\t'}
            found+=("$value${line:+:$line}")
        fi
    done < <($program __candidates --shell zsh -- "${typed[@]}" 2>/dev/null)

    case $kind in
    files)
        [[ -z $rest ]] || compset -P "${(b)rest}"
        _files
        ;;
    command)
        shift $((rest + 1)) words
        ((CURRENT -= rest + 1))
        _normal
        ;;
    values)
        _describe -t values value found
        ;;
    esac
}

if [[ $funcstack[1] == _cg-auth ]]; then
    _cg-auth "$@"
else
    compdef _cg-auth cg-auth
fi
