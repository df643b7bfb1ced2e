"""``python -m sk231n.datasets FOLDER``: what a folder of pictures holds."""

from sk231n.photographs._inventory import main

if __name__ == "__main__":
    main()
