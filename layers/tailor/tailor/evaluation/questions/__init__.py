"""What is asked, of whom: held-out rows, questions for the next word, general questions, and the arms that answer."""
