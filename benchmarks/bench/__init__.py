"""What ./dev bench is made of: place (folders, processes, the kernel's clocks), proxies, loads, scenarios, report, profile."""
