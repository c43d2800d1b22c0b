"""What pages share, the report's and the API's: style sheet, frame, filters, and plots. They load and run nothing."""
