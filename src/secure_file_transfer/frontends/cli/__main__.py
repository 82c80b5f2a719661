"""`python -m secure_file_transfer.frontends.cli`: the same as `sft`."""

import sys

from . import main

sys.exit(main())
