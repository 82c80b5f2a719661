"""`completion`: a script that completes commands, options and local paths."""

import sys
from typing import Literal

# After a folder the next word is most often the next part of the same path.
_BASH_NO_SPACE = """
_sft_then_slash() {
  _sft "$@"
  [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == */ ]] && compopt -o nospace
  return 0
}
complete -F _sft_then_slash sft
"""


def completion(shell: Literal["bash", "zsh", "fish"], /) -> int:
    """Print a completion script for your shell.

        source <(sft completion bash)                           # add this line to ~/.bashrc
        sft completion zsh > "${fpath[1]}/_sft"                 # then start a new shell
        sft completion fish > ~/.config/fish/completions/sft.fish

    Args:
        shell: Which one.
    """
    from .app import build

    script = build().generate_completion(shell=shell)
    if shell == "bash":
        script += _BASH_NO_SPACE
    sys.stdout.write(script)
    return 0
