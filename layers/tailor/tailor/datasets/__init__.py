"""Turn the files that people have into data that a model is trained on.

A row walks through these rooms in this order, and a room imports only from those before it:

| room | what is decided there |
|---|---|
| ``example`` | what a training record is (:class:`~tailor.datasets.example.Example`) |
| ``sources`` | how a file is opened, recognised, decoded and split into rows |
| ``documents`` | how the text is taken out of whole files, and where it is cut |
| ``media`` | how an image or a video is found, checked and converted |
| ``formats`` | how a row of each format becomes an example |
| ``checks`` | which rule refuses a row, and what is repaired |
| ``table`` | what is compared across rows, and which rows train and which test |
| ``report`` | what report.html says |
| ``prepare`` | what runs, in which order; ``prepare_dataset`` is the way in |
| ``scale`` | what several functions share where one is too small |

Each room's ``__init__`` is its door: code outside of a room imports from there and no deeper. What a check says is in
:mod:`tailor.findings`.
"""
