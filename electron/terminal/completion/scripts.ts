/**
 * The scripts that complete command lines in a shell. Each passes the words up to the cursor to `barnraiser __complete`, which
 * prints a candidate per line, with a description after a tab. A last line `:files` or `:folders` leaves it to the shell.
 */
export const shells = ['bash', 'zsh', 'fish', 'powershell'] as const;

export function completionScript(shell: (typeof shells)[number]): string {
  return scripts[shell];
}

const scripts: Readonly<Record<(typeof shells)[number], string>> = {
  // works with the bash 3.2 of macOS, which has no mapfile and no compopt
  bash: `# bash completion of barnraiser
_barnraiser() {
  local line=\${COMP_LINE:0:COMP_POINT} word= candidate= directive= start=
  local -a words=()
  COMPREPLY=()
  # COMP_WORDS splits references at their colons
  read -ra words <<< "$line"
  case $line in *[[:space:]]) words+=('') ;; esac
  word=\${words[\${#words[@]}-1]}
  # bash replaces only what follows the last of these characters
  case $word in
    *[:=]*)
      if [[ $COMP_WORDBREAKS == *:* && $COMP_WORDBREAKS == *=* ]]; then start=\${word%"\${word##*[:=]}"}; fi
      ;;
  esac
  while IFS= read -r candidate; do
    case $candidate in
      :*) directive=$candidate ;;
      *)
        candidate=\${candidate%%$'\\t'*}
        COMPREPLY+=("\${candidate#"$start"}")
        ;;
    esac
  done < <("$1" __complete "\${words[@]:1}" 2>/dev/null)
  if [[ \${COMPREPLY[0]-} == *[=,/] && \${#COMPREPLY[@]} -eq 1 ]]; then compopt -o nospace 2>/dev/null; fi
  case $directive in
    :files) compopt -o default 2>/dev/null ;;
    :folders) compopt -o dirnames 2>/dev/null ;;
  esac
}
complete -F _barnraiser barnraiser
`,
  zsh: `#compdef barnraiser
# zsh completion of barnraiser
_barnraiser() {
  local line directive tab=$'\\t'
  local -a values shown
  for line in "\${(@f)$("$words[1]" __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    case $line in
      '') ;;
      :*) directive=$line ;;
      *$tab*)
        values+=("\${line%%$tab*}")
        shown+=("\${line%%$tab*}  -- \${line#*$tab}")
        ;;
      *)
        values+=("$line")
        shown+=("$line")
        ;;
    esac
  done
  case $directive in
    :files) _files ;;
    :folders) _files -/ ;;
  esac
  if (( $#values == 1 )) && [[ $values[1] == *[=,/] ]]; then
    compadd -S '' -l -d shown -a values
  elif (( $#values )); then
    compadd -l -d shown -a values
  fi
}
# in a folder of fpath, the file is the function itself
if [[ $funcstack[1] == _barnraiser ]]; then
  _barnraiser "$@"
else
  compdef _barnraiser barnraiser
fi
`,
  fish: `# fish completion of barnraiser
function __barnraiser_complete
  set -l words (commandline -opc)
  set -l word (commandline -ct)
  for line in ($words[1] __complete $words[2..-1] "$word" 2>/dev/null)
    switch $line
      case ':files'
        __fish_complete_path "$word"
      case ':folders'
        __fish_complete_directories "$word"
      case '*'
        echo $line
    end
  end
end
complete -c barnraiser -f -a '(__barnraiser_complete)'
`,
  powershell: `# PowerShell completion of barnraiser
Register-ArgumentCompleter -Native -CommandName barnraiser -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $words = @($commandAst.CommandElements |
    Where-Object { $_.Extent.StartOffset -lt $cursorPosition } |
    ForEach-Object { $_.Extent.Text.Trim("'", '"') })
  $program = $words[0]
  $passed = @($words | Select-Object -Skip 1)
  # PowerShell before 7.3 drops empty arguments, so that an empty word is passed as two quotation marks
  if ($wordToComplete -eq '') { $passed += $(if ($PSVersionTable.PSVersion -ge [version]'7.3') { '' } else { '""' }) }
  & $program __complete @passed 2>$null | ForEach-Object {
    $value, $description = $_ -split "\`t", 2
    if ($value -eq ':files' -or $value -eq ':folders') {
      Get-ChildItem -Path "$wordToComplete*" -Directory:($value -eq ':folders') -ErrorAction SilentlyContinue | ForEach-Object {
        $path = Resolve-Path -Relative -LiteralPath $_.FullName
        [System.Management.Automation.CompletionResult]::new($path, $_.Name, 'ProviderItem', $path)
      }
    } else {
      if (-not $description) { $description = $value }
      [System.Management.Automation.CompletionResult]::new($value, $value, 'ParameterValue', $description)
    }
  }
}
`,
};
