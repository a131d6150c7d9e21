"""Array annotations: `Float32[np.ndarray, "H V"]` states a dtype and the axes.

At run time they are plain `typing.Annotated` and cost nothing. The tests set BOOLRNN_CHECK_SHAPES
before importing boolrnn; then they are jaxtyping's and beartype checks every call.

Axis names, everywhere: H neurons · V input symbols · O outputs · T positions of a text · B a batch.
"""

import os
from typing import TYPE_CHECKING

if not TYPE_CHECKING and "BOOLRNN_CHECK_SHAPES" in os.environ:
    from jaxtyping import Bool, Float, Float32, Float64, Int64, UInt8, UInt64
else:
    from typing import Annotated as Bool
    from typing import Annotated as Float
    from typing import Annotated as Float32
    from typing import Annotated as Float64
    from typing import Annotated as Int64
    from typing import Annotated as UInt8
    from typing import Annotated as UInt64

__all__ = ["Bool", "Float", "Float32", "Float64", "Int64", "UInt8", "UInt64"]
