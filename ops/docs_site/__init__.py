"""What makes the documents' site and its generated reference pages."""
