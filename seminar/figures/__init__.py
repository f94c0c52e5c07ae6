"""From numbers to a figure. Every function returns a `Picture`, which a notebook shows.

Those that take `picture` draw into it instead of a new one, as an explorer does on each move of a
slider. Texts come out in the language of the notebook. Colors: Okabe and Ito's, which the
color-blind can tell apart.
"""
# ruff: noqa: F403 (each public name of the parts is one of the whole, and stands nowhere twice)

from .charts import *
from .picture import *
from .slides import *
