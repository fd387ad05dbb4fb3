"""Whatever a team has goes in, exactly what Bedrock takes comes out, and every problem is named."""
