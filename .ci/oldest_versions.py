"""Print the oldest versions that pyproject.toml allows of what the library and its tests need."""

import re
import tomllib
from pathlib import Path

project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
extras = project["optional-dependencies"]
for requirement in project["dependencies"] + extras["test"] + extras["referees"]:
    if not requirement.startswith("torch"):  # a referee alone, and a large one
        print(re.sub(">=([^,]+).*", r"==\1", requirement))
