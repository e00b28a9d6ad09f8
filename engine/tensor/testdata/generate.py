"""Writes the arrays of this folder with numpy: python generate.py.

Each holds 0, 1, 2, ... in row-major order, booleans alternate False and True. File names: element type, byte order, memory order, shape.
"""
import numpy as np

here = __file__.rsplit("/", 1)[0] if "/" in __file__ else "."


def save(name, array, version=(1, 0)):
    with open(f"{here}/{name}.npy", "wb") as f:
        np.lib.format.write_array(f, array, version=version)


for code in ["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"]:
    save(f"{code}-2x3", np.arange(6).reshape(2, 3).astype(f"<{code}"))
    if code[1] != "1":
        save(f"{code}-big-2x3", np.arange(6).reshape(2, 3).astype(f">{code}"))
save("b1-2x3", (np.arange(6) % 2 == 1).reshape(2, 3))
save("bf16-2x3", (np.arange(6).astype("<f4").view("<u4") >> 16).astype("<u2").view("|V2").reshape(2, 3))
save("f4-fortran-2x3", np.asfortranarray(np.arange(6).reshape(2, 3).astype("<f4")))
save("i4-big-fortran-2x3x4", np.asfortranarray(np.arange(24).reshape(2, 3, 4).astype(">i4")))
save("i8-scalar", np.array(0, dtype="<i8"))
save("f4-empty-0x3", np.zeros((0, 3), dtype="<f4"))
save("f4-vector-3", np.arange(3).astype("<f4"))
save("f4-version2-2x3", np.arange(6).reshape(2, 3).astype("<f4"), (2, 0))
save("f4-version3-2x3", np.arange(6).reshape(2, 3).astype("<f4"), (3, 0))
np.savez_compressed(f"{here}/compressed.npz", b=np.arange(3).astype("<f4"), a=np.arange(6).reshape(2, 3))
np.savez(f"{here}/stored.npz", b=np.arange(3).astype("<f4"), a=np.arange(6).reshape(2, 3))
