"""The names that an application in this field imports, in the words of its users."""

from .domains.medical import *  # noqa: F403
from .domains.medical import __all__ as __all__
