// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of the shells, not of the
// code. What `hawser completion SHELL` prints: a function for the shell that asks
// `hawser __complete WORDS`, which answers a word and what it means on each line, and `:files`
// where names of files fit.

export const shells = ['bash', 'zsh', 'fish'] as const;

export type Shell = (typeof shells)[number];

const bash = `# hawser completion for bash:  source <(hawser completion bash)
_hawser() {
  local current="\${COMP_WORDS[COMP_CWORD]}" line files=''
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ $line == :files ]]; then
      files=yes
    else
      COMPREPLY+=("\${line%%$'\\t'*}")
    fi
  done < <(hawser __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  if [[ -n $files ]]; then
    compopt -o filenames 2>/dev/null
    while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$current")
  fi
}
complete -F _hawser hawser
`;

const zsh = `#compdef hawser
# hawser completion for zsh:  source <(hawser completion zsh), or a file _hawser in $fpath
_hawser() {
  local -a items
  local line files=''
  for line in "\${(@f)$(hawser __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    if [[ $line == :files ]]; then
      files=yes
    elif [[ -n $line ]]; then
      items+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
    fi
  done
  (( $#items )) && _describe -V 'hawser' items
  [[ -n $files ]] && _files
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
  _hawser "$@"
else
  compdef _hawser hawser
fi
`;

const fish = `# hawser completion for fish:  hawser completion fish | source
function __hawser_complete
    set -l words (commandline -opc)
    set -e words[1]
    set -l current (commandline -ct)
    for line in (hawser __complete $words "$current" 2>/dev/null)
        if test "$line" = ':files'
            __fish_complete_path "$current"
        else
            echo $line
        end
    end
end
complete -c hawser -f -a '(__hawser_complete)'
`;

/** The script of each shell. */
export const scripts: Readonly<Record<Shell, string>> = { bash, zsh, fish };
