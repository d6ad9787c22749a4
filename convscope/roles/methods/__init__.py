"""Ways of dividing units into k groups, one a file; `METHODS` lists them, the default first."""

from convscope.roles.method import Method
from convscope.roles.methods.gaussian_mixture import GAUSSIAN_MIXTURE
from convscope.roles.methods.hdbscan import HDBSCAN
from convscope.roles.methods.k_means import K_MEANS

METHODS: tuple[Method, ...] = (K_MEANS, GAUSSIAN_MIXTURE, HDBSCAN)

__all__ = ["METHODS"]
