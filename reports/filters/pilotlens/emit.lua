-- Pieces of HTML and Typst source, escaped.
local emit = {}

emit.typst = FORMAT:match("typst") ~= nil
emit.html = FORMAT:match("html") ~= nil

function emit.raw(text) return pandoc.RawBlock(emit.typst and "typst" or "html", text) end

function emit.raw_inline(text) return pandoc.RawInline(emit.typst and "typst" or "html", text) end

-- A Typst string literal.
function emit.string(text) return '"' .. text:gsub("\\", "\\\\"):gsub('"', '\\"'):gsub("%s+", " ") .. '"' end

-- An HTML attribute or text.
function emit.escape(text)
  return (text:gsub("&", "&amp;"):gsub("<", "&lt;"):gsub(">", "&gt;"):gsub('"', "&quot;"))
end

local WRITER = emit.typst and "typst" or "html5"
local OPTIONS = pandoc.WriterOptions({ wrap_text = "none", html_math_method = "mathml" }) -- made once: cells are many

-- Source of blocks or inlines in the format being written, without blank lines around it.
function emit.source(content)
  local blocks = content
  if pandoc.utils.type(content) == "Inlines" then blocks = { pandoc.Plain(content) } end
  local text = pandoc.write(pandoc.Pandoc(blocks), WRITER, OPTIONS)
  return (text:gsub("^%s+", ""):gsub("%s+$", ""))
end

-- Sources of several contents at once: each call of the writer costs a millisecond, and a report has hundreds of cells.
local BETWEEN = "\u{f8ff}pilotlens\u{f8ff}"
function emit.sources(contents)
  local blocks = pandoc.Blocks({})
  for index, content in ipairs(contents) do
    if index > 1 then blocks:insert(emit.raw(BETWEEN)) end
    blocks:extend(pandoc.utils.type(content) == "Inlines" and { pandoc.Plain(content) } or content)
  end
  local out, rest = {}, emit.source(blocks)
  for _ = 2, #contents do
    local first, last = rest:find(BETWEEN, 1, true)
    out[#out + 1] = rest:sub(1, first - 1)
    rest = rest:sub(last + 1)
  end
  out[#out + 1] = rest
  for index, text in ipairs(out) do out[index] = text:gsub("^%s+", ""):gsub("%s+$", "") end
  return out
end

-- Plain text as source in the format being written.
function emit.text(text) return emit.source(pandoc.Inlines({ pandoc.Str(text) })) end

-- `before`, the blocks, `after`.
function emit.around(before, blocks, after)
  local out = pandoc.Blocks({ emit.raw(before) })
  out:extend(blocks)
  out:insert(emit.raw(after))
  return out
end

return emit
