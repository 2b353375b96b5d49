"""Changes that make a page false, each tried on what it changes: what nobody notices is a defect."""
