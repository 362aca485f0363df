"""dse: which transformer accelerator to build, answered by differentiable models.

The public names are listed in `__init__.pyi`; each is imported when it is first used,
so that `import dse` costs next to nothing and the command line can answer without JAX.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
