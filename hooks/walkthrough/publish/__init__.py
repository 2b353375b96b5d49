"""What readers are shown: needs a page and its record, no engine, no walk and no site generator."""
