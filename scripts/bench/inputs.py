"""What is rendered: real photographs, and large or tiny originals made of them under target/bench/inputs."""
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

# Of several characters: a sharp bird on a blurred ground (20 Mpx), noise (18), night (17), fur (9); where the Debian packages cannot be had, whatever `scripts/photos.py` found stands in.
WANTED = {
    "bird": "Kleiber_by_Lukas_Baubkus.jpg",
    "elephants": "Elephants_5640x3172.jpg",
    "sea": "Infinite-Sea_by_Aury88.jpg",
    "fossa": "Fossa_by_Jasper_Roks.jpg",
}
LARGE_MPX = [6, 20, 50, 100]
TINY_SIDE = 64


@dataclass
class Photo:
    name: str
    path: Path


def photos(root):
    folder = subprocess.run([sys.executable, root / "scripts" / "photos.py"], check=True, capture_output=True, text=True)
    folder = Path(folder.stdout.strip())
    found = [Photo(name, folder / file) for name, file in WANTED.items() if (folder / file).is_file()]
    if found:
        return found
    others = sorted((p for p in folder.iterdir() if p.suffix.lower() in (".jpg", ".jpeg")), key=lambda p: -p.stat().st_size)
    if not others:
        sys.exit(f"bench: {folder} holds no JPEG")
    print(f"bench: the photographs of the recorded figures are not here; the largest of {folder} stand in", file=sys.stderr)
    return [Photo(path.stem, path) for path in others[:4]]


def large(tool, photo, folder):
    """The photo as originals of so many megapixels, tiled where it is too small: {(mpx, format): path}."""
    folder.mkdir(parents=True, exist_ok=True)
    made = {}
    for mpx in LARGE_MPX:
        for extension in ("jpg", "png"):
            path = folder / f"{photo.path.stem}-{mpx}mpx.{extension}"
            if not path.exists():
                subprocess.run([tool, str(mpx * 1_000_000), photo.path, path], check=True)
            made[mpx, extension] = path
    return made


def tiny(tool, photo, folder):
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "tiny.png"
    if not path.exists():
        subprocess.run([tool, str(TINY_SIDE * TINY_SIDE), photo.path, path], check=True)
    return path


def copies(path, count, folder):
    """A fresh folder with so many originals of the same content, each under a name of its own."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for number in range(count):
        shutil.copyfile(path, folder / f"{number:04}{path.suffix}")
    return sorted(folder.iterdir())
