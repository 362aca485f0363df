"""dse: which transformer accelerator to build, answered by differentiable models.

The public names are listed in `__init__.pyi`; each is imported when it is first used,
so that `import dse` costs next to nothing and the command line can answer without JAX.
"""

import lazy_loader

_attached, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)


def __getattr__(name: str) -> object:
    if name == "__version__":
        from dse.shipped import version

        return version()
    return _attached(name)
