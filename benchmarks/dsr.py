"""How long DSR takes for an image of 224 px on one core, beside SLIC alone, whose eight segmentations are the floor."""

import time

from _timing import options, print_ratios, rounds
from skimage.segmentation import slic
from threadpoolctl import threadpool_limits

from carekit.material.autobox.bms import bms
from carekit.material.autobox.dsr import dsr
from carekit.material.autobox.dsr.segments import SCALES
from carekit.material.drawing import skin

SECONDS = 1.5
RATIO = 3.9  # of a straightforward version, 3.5 s where SLIC alone takes 0.9 s


def main() -> None:
    chosen = options(__doc__, threads=1)
    size, repeats = (64, 1) if chosen.quick else (224, 5)
    image = skin(0, size, {"nv": 1}, {"nv": 1}).read([0])[0]

    def floor() -> None:
        for count, compactness in SCALES:
            slic(image, count, compactness, start_label=0)

    used = []

    def whole() -> None:
        started = time.process_time()
        dsr(image)
        used.append(time.process_time() - started)

    with threadpool_limits(1):
        seconds = rounds({"SLIC alone": floor, "DSR": whole, "BMS": lambda: bms(image)}, repeats, 1)
    print_ratios(f"One image of {size} px on one core", seconds, "SLIC alone", ("DSR", RATIO), "1.00, SLIC alone")
    middle = sorted(used[1:])[len(used[1:]) // 2]
    verdict = "within" if middle <= SECONDS else "above"
    print(f"-> DSR: {middle:.2f} s of processor time, {verdict} the target of {SECONDS:.2f} s (floor: SLIC alone)")
    assert dsr(image).tobytes() == dsr(image).tobytes()
    print("The same image gives the same map, bit for bit.")


if __name__ == "__main__":
    main()
