"""The paper's tables and figures as studies: what is trained, what is measured, and what the paper says of it."""
