"""What is kept of pictures, and how long. `images-sweep` removes rows and objects together."""

from __future__ import annotations

from functions.runtime.retention import Retention, Stays

RETENTION: Retention = (
    Stays(
        "images.uploads",
        "places given out for pictures",
        "a day without a picture; `ECO2_IMAGE_DAYS` after it was first shown, but in `my`; or the account ends",
    ),
    Stays("images.removals", "names of objects that are to go", "no address takes a PUT for it any more"),
    Stays("uploads/* (objects)", "pictures as they were put", "its public copy is there, or its row goes"),
    Stays("public/* (objects)", "public copies and thumbnails", "its row goes"),
)
