"""AWS on one machine: an emulator with Tailor's Bedrock stand-in, for demos and tests.

Nothing here is deployed. `LocalCloud` in `tailor_local.cloud` is the way in.
"""
