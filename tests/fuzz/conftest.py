"""The properties share modules of this folder, as they do when soak.py runs as a script."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
