"""A stand-in for Amazon Bedrock: model customization, deployments and inference, as documented, on one machine.

It plugs into the emulator in place of its own Bedrock. Its models are small learners; its numbers say nothing about
real models.
"""
