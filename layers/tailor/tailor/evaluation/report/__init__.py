"""The pages: report.json and report.html."""
