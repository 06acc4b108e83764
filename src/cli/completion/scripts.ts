/*
 * The scripts ask `nexus complete` for the candidates: a line each, with a tab before the description. Without candidates, the
 * shell completes names of files. The bash script does not use `compgen -W`, which would run commands in the candidates.
 */

const BASH = `_nexus() {
  local cur=\${COMP_WORDS[COMP_CWORD]} word
  COMPREPLY=()
  while IFS=$'\\t' read -r word _; do
    [[ $word == "$cur"* ]] && COMPREPLY+=("$word")
  done < <(nexus complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _nexus nexus
`;

const ZSH = `#compdef nexus
_nexus() {
  local -a candidates
  candidates=("\${(@f)$(nexus complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  candidates=("\${(@)candidates:#}")
  candidates=("\${(@)candidates//:/\\\\:}")
  candidates=("\${(@)candidates/$'\\t'/:}")
  if (( \${#candidates} )); then _describe nexus candidates; else _files; fi
}
compdef _nexus nexus
`;

const FISH = `function __nexus_complete
  set -l words (commandline -opc) (commandline -ct)
  set -l candidates (nexus complete -- $words[2..-1] 2>/dev/null)
  if test (count $candidates) -gt 0
    printf '%s\\n' $candidates
  else
    __fish_complete_path (commandline -ct)
  end
end
complete -c nexus -f -a '(__nexus_complete)'
`;

/** The completion script of each shell. */
export const SCRIPTS = { bash: BASH, zsh: ZSH, fish: FISH } as const;
