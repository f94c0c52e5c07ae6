"""What two notebooks share, or a notebook and the recorded run beside it: small functions.

A notebook shows those that it uses, by `code`.
"""

import inspect
import textwrap
from typing import Any


def code(*parts: Any) -> Any:
    """What the package says about functions and classes, as a notebook shows Python."""
    from IPython.display import Markdown

    texts = (textwrap.dedent(inspect.getsource(part)).strip() for part in parts)
    return Markdown("```python\n" + "\n\n\n".join(texts) + "\n```")
