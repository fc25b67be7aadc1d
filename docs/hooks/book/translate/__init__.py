"""Another edition of the book: the messages of its pages, their translations, and pages made of both."""
