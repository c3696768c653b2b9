-- Faults of a report, told to the renderer on standard error: a mark, what to look for in the source, the words.
local faults = { found = false }

function faults.add(label, message)
  faults.found = true
  io.stderr:write("PILOTLENS-FAULT\t", label, "\t", message, "\n")
end

function faults.stop_if_any()
  if faults.found then error("the report has faults") end
end

return faults
