"""All policy: who may sign in, what they may do, what happens to their files. Doors call these, and nothing below."""
