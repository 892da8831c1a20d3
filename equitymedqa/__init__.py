"""Questions in, answers out: files of questions become files of answers that a model wrote."""
