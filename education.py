"""The names that an application in this field imports, in the words of its users."""

from .domains.education import *  # noqa: F403
from .domains.education import __all__ as __all__
