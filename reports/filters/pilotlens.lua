-- The one filter of all reports.
-- Under Quarto it only dresses the house components (status bar, cards, lights ...): Quarto does the rest.
-- In the embedded renderer it also does what Quarto would have done: conditional content, shortcodes, callouts,
-- tabsets, numbering, cross-references, figures with alt text, tables.

local folder = PANDOC_SCRIPT_FILE and pandoc.path.directory(PANDOC_SCRIPT_FILE) or "."

-- Quarto runs filters through its own script, so it finds files beside this one only by its own require.
local function part(name)
  if quarto then return require("./pilotlens/" .. name) end
  return dofile(pandoc.path.join({ folder, "pilotlens", name .. ".lua" }))
end

local emit = part("emit")
local components = part("components")(emit)

local function house(doc)
  return doc:walk({ Span = components.span }):walk({ Div = components.div })
end

local function like_quarto(doc)
  local faults = part("faults")
  local blocks = part("blocks")(emit, faults)
  local numbers = part("numbers")(emit, faults)
  local floats = part("floats")(emit, faults, part("tables")(emit), numbers)
  doc = blocks.conditional(doc)
  doc = floats.read_html(doc)
  doc = blocks.layout(doc)
  doc = numbers.headings(doc)
  numbers.register(doc)
  doc = doc:walk({ Cite = numbers.reference })
  doc = doc:walk({ Span = components.span, Math = floats.math })
  doc = floats.convert(doc)
  doc = doc:walk({ traverse = "topdown", Div = components.div, CodeBlock = blocks.code })
  faults.stop_if_any()
  return doc
end

function Pandoc(doc)
  if doc.meta["pilotlens-embedded"] then return like_quarto(doc) end
  return components.page_banner(house(doc))
end
