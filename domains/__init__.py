"""The plug-in packages, one a field; none imports another."""
