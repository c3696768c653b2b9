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

-- Source of blocks or inlines in the format being written, without blank lines around it.
function emit.source(content)
  local blocks = content
  if pandoc.utils.type(content) == "Inlines" then blocks = { pandoc.Plain(content) } end
  local options = pandoc.WriterOptions({ wrap_text = "none", html_math_method = "mathml" })
  local text = pandoc.write(pandoc.Pandoc(blocks), emit.typst and "typst" or "html5", options)
  return (text:gsub("^%s+", ""):gsub("%s+$", ""))
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
