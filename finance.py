"""The names that an application in this field imports, in the words of its users."""

from .domains.finance import *  # noqa: F403
from .domains.finance import __all__ as __all__
