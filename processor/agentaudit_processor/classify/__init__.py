"""From a ToolCall to Findings, a Verdict and Controls."""
