"""`make demo`: the main job from upload to an answered call, on the local cloud, before a person's eyes."""
