"""Custom models behind the OpenAI chat API: keys, live versions, translation to Converse, usage."""
