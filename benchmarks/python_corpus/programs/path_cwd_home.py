from pathlib import Path
import os
print(Path.cwd() == Path(os.getcwd()), Path.cwd().name == os.path.basename(os.getcwd()), Path.home().is_absolute())
here = Path(".").resolve()
print((here / "README.md").relative_to(here))
