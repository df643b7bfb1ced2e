"""load_images, and ``python -m sk231n.datasets``: folders as people have them."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sk231n import ImageReader
from sk231n.datasets import load_images
from sk231n.photographs._inventory import main

RNG = np.random.RandomState(0)


def write(path, shape=(12, 16, 3)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(RNG.randint(0, 256, shape, dtype=np.uint8)).save(path)


@pytest.fixture
def folder(tmp_path):
    """Two classes, and all that lies about beside them."""
    root = tmp_path / "pictures"
    for name in ("dogs/b.png", "dogs/a.jpg", "cats/10.png", "cats/old/2.PNG"):
        write(root / name)
    write(root / "cats" / "wide.bmp", (10, 30, 3))
    for name in (
        ".DS_Store", "cats/.DS_Store", "cats/Thumbs.db", "dogs/desktop.ini", ".git/config",
        "dogs/.cache/x.png", "__MACOSX/cats/._10.png", "notes.txt",
    ):  # fmt: skip
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"no picture")
    (root / "empty" / "within").mkdir(parents=True)
    return root


class TestLoad:
    def test_stack(self, folder):
        data = load_images(folder, size=(8, 6))
        files = ["cats/10.png", "cats/wide.bmp", "cats/old/2.PNG", "dogs/a.jpg", "dogs/b.png"]
        assert list(data.filenames) == [str(folder / name) for name in files]
        assert list(data.target_names) == ["cats", "dogs"]
        assert data.target.tolist() == [0, 0, 0, 1, 1]
        assert (data.images.shape, data.images.dtype) == ((5, 8, 6, 3), np.uint8)
        assert data.skipped == []
        assert "pictures" in data.DESCR
        assert np.array_equal(data.images, ImageReader((8, 6)).transform(data.filenames))

    def test_without_a_size_each_is_as_large_as_it_is(self, folder):
        data = load_images(str(folder))
        assert isinstance(data.images, list)
        assert [image.shape for image in data.images] == [(12, 16, 3), (10, 30, 3)] + 3 * [
            (12, 16, 3)
        ]
        assert np.array_equal(data.images[0], np.asarray(Image.open(data.filenames[0])))

    def test_as_a_pair(self, folder):
        images, target = load_images(folder, size=4, color="gray", return_X_y=True)
        assert images.shape == (5, 4, 4)
        assert target.tolist() == [0, 0, 0, 1, 1]

    def test_fit(self, folder):
        padded = load_images(folder, size=16, fit="pad").images
        assert not padded[1][:5].any()

    @pytest.mark.parametrize("extensions", ["png", ".PNG", [".png"], ("png",), {"png"}])
    def test_extensions(self, folder, extensions):
        data = load_images(folder, extensions=extensions)
        assert [Path(name).name for name in data.filenames] == ["10.png", "2.PNG", "b.png"]

    def test_damaged_and_foreign_files(self, folder):
        (folder / "cats" / "labels.csv").write_text("a,b")
        damaged = folder / "dogs" / "a.jpg"
        damaged.write_bytes(damaged.read_bytes()[:300])
        message = r"'.*labels.csv' cannot be read as a picture: .* on_error='skip'"
        with pytest.raises(ValueError, match=message):
            load_images(folder, n_jobs=1)
        data = load_images(folder, size=8, on_error="skip")
        assert data.skipped == [str(folder / "cats" / "labels.csv"), str(damaged)]
        assert data.target.tolist() == [0, 0, 0, 1]
        assert len(data.images) == len(data.filenames) == 4
        assert len(load_images(folder, on_error="skip").images) == 4
        assert len(load_images(folder, extensions=("png", "bmp")).images) == 4

    def test_nothing_can_be_read(self, tmp_path):
        (tmp_path / "a").mkdir()
        (tmp_path / "a" / "b.png").write_bytes(b"no")
        with pytest.raises(ValueError, match=r"None of the 1 files in folder=.*b.png"):
            load_images(tmp_path, on_error="skip")

    def test_folders_without_pictures(self, tmp_path):
        write(tmp_path / "a.png")
        with pytest.raises(ValueError, match=r"has no sub-folder with pictures; .*'cats/1.jpg'"):
            load_images(tmp_path)
        with pytest.raises(FileNotFoundError, match="none"):
            load_images(tmp_path / "none")
        with pytest.raises(NotADirectoryError, match=r"a\.png"):
            load_images(tmp_path / "a.png")

    def test_no_name_of_a_folder(self):
        with pytest.raises(ValueError, match="folder must be the path of a folder; got ''"):
            load_images("")

    def test_a_folder_without_permission(self, folder, monkeypatch):
        """Its pictures must not be missing without a word."""
        scandir = os.scandir

        def refuse(path):
            if Path(path).name == "old":
                raise PermissionError(13, "Permission denied", str(path))
            return scandir(path)

        monkeypatch.setattr(os, "scandir", refuse)
        with pytest.raises(PermissionError, match="old"):
            load_images(folder)

    @pytest.mark.skipif(os.name == "nt", reason="links need privileges there")
    def test_links(self, tmp_path):
        write(tmp_path / "a" / "1.png")
        (tmp_path / "b").symlink_to("a")  # a class like any other
        (tmp_path / "a" / "up").symlink_to("..")  # which would never end
        assert load_images(tmp_path).target.tolist() == [0, 1]
        (tmp_path / "a" / "2.png").symlink_to("none")
        with pytest.raises(FileNotFoundError, match=r"2.png' cannot be read"):
            load_images(tmp_path)

    @pytest.mark.parametrize(
        ("arguments", "fault"),
        [
            ({"size": 0}, "size"),
            ({"size": (1, 2, 3)}, "size must be"),
            ({"color": "RGB"}, r"color.*Did you mean 'rgb'"),
            ({"extensions": ()}, "extensions must be endings of names"),
            ({"extensions": [3]}, "extensions must be endings of names"),
            ({"extensions": "."}, "extensions must be endings of names"),
            ({"on_error": "pass"}, "on_error"),
            ({"fit": None}, "fit"),
            ({"max_pixels": 10}, "16 x 12 = 192 pixels, more than max_pixels=10"),
            ({"n_jobs": 0}, "n_jobs=0"),
            ({"return_X_y": 2}, "return_X_y"),
        ],
        ids=str,
    )
    def test_arguments(self, folder, arguments, fault):
        with pytest.raises(ValueError, match=fault):
            load_images(folder, **arguments)


class TestInventory:
    @pytest.fixture
    def reported(self, capsys):
        """What is printed, without a process of its own."""

        def run(*arguments):
            main([*map(str, arguments)])
            return capsys.readouterr().out

        return run

    def run(self, *arguments, **environment):
        """What a process prints, and how it ends."""
        command = [sys.executable, "-m", "sk231n.datasets", *map(str, arguments)]
        environment = os.environ | environment
        return subprocess.run(command, env=environment, capture_output=True, text=True)

    def test_report(self, folder, reported):
        (folder / "cats" / "labels.csv").write_text("a,b")
        assert reported(folder) == (
            "6 files in 2 classes\n"
            "\n"
            "class    files     read  smallest     median       largest\n"
            "cats         4        3  16 x 12      16 x 12      30 x 10\n"
            "dogs         2        2  16 x 12      16 x 12      16 x 12\n"
            "\n"
            "sizes (width x height): 16 to 30 (median 16) x 10 to 12 (median 12); 5 wide, 0 tall, "
            "0 square\n"
            "formats: PNG 3, BMP 1, JPEG 1\n"
            "modes: RGB 5\n"
            "\n"
            "1 file beside the sub-folders, of no class\n"
            "\n"
            "1 file cannot be read:\n"
            f"  {folder / 'cats' / 'labels.csv'}: it is damaged, or of a format that is not known\n"
        )

    def test_files_beside_the_classes(self, folder, reported):
        (folder / "notes.txt").unlink()
        assert "beside" not in reported(folder)
        for name in ("1.png", "2.png"):
            write(folder / name)
        assert "\n2 files beside the sub-folders, of no class\n" in reported(folder)

    def test_pictures_that_lie_on_their_side(self, tmp_path, reported):
        exif = Image.Exif()
        exif[0x0112] = 6
        (tmp_path / "a").mkdir()
        for ending in ("png", "jpg", "tif", "webp"):
            Image.new("RGB", (160, 120)).save(tmp_path / "a" / f"1.{ending}", exif=exif)
        assert "all 120 x 160\n" in reported(tmp_path)

    def test_pictures_of_one_size(self, tmp_path, reported):
        for k in range(3):
            write(tmp_path / "a" / f"{k}.png")
        report = reported(tmp_path)
        assert "3 files in 1 class\n" in report
        assert "all 16 x 12\n" in report
        assert report.endswith("0 files cannot be read\n")

    @pytest.mark.skipif(os.name == "nt", reason="no such names there")
    def test_names_that_a_terminal_cannot_show(self, tmp_path):
        for name in ("a\nb", "\x1b[2J", "\u6f22"):
            write(tmp_path / name / "1.png")
        (tmp_path / "\u6f22" / "2.png").write_bytes(b"no picture")
        result = self.run(tmp_path, PYTHONIOENCODING="ascii")
        assert result.returncode == 0, result.stderr
        for name in (r"'a\nb'", r"'\x1b[2J'", r"\u6f22"):
            assert f"\n{name} " in result.stdout
        assert r"\u6f22/2.png: it is damaged" in result.stdout

    def test_arguments(self, tmp_path, reported, capsys):
        with pytest.raises(SystemExit, match="2"):
            reported(tmp_path, "--max-pixels", "0")
        assert "--max-pixels: must be at least 1, got 0" in capsys.readouterr().err

    def test_errors(self, tmp_path):
        result = self.run(tmp_path)
        assert (result.returncode, result.stdout) == (1, "")
        assert "no sub-folder with pictures" in result.stderr
        assert "Traceback" not in result.stderr
