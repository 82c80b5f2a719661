"""`completion`: a script that completes commands, options and local paths."""

import sys
from typing import Literal


def completion(shell: Literal["bash", "zsh", "fish"], /) -> int:
    """Print a completion script for your shell.

        source <(sft completion bash)                           # add this line to ~/.bashrc
        sft completion zsh > "${fpath[1]}/_sft"                 # then start a new shell
        sft completion fish > ~/.config/fish/completions/sft.fish

    Args:
        shell: Which one.
    """
    from .app import build

    sys.stdout.write(build().generate_completion(shell=shell))
    return 0
