"""What draws pictures of files: foreign libraries on hostile content, in a process that can do nothing else."""
