"""What a learner meets: exercises, explorers, and the course as pages."""
