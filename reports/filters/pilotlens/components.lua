-- House components: blocks and spans by class. HTML gets its look from theme/components.css, Typst from functions
-- of typst/typst-template.typ that bear the same names.
return function(emit)
  local components = {}
  local LIGHTS = { "green", "amber", "red", "grey" }

  local function list_of(div, class)
    return div.content:filter(function(block) return block.t == "Div" and block.classes:includes(class) end)
  end

  -- A definition list in a grid of label and value.
  local function status_bar(div)
    local parts = {}
    for _, block in ipairs(div.content) do
      for _, item in ipairs(block.t == "DefinitionList" and block.content or {}) do
        local label, value = emit.source(item[1]), emit.source(item[2][1])
        if emit.typst then
          parts[#parts + 1] = "  ([" .. label .. "], [" .. value .. "]),"
        else
          parts[#parts + 1] = "<div><dt>" .. label .. "</dt><dd>" .. value .. "</dd></div>"
        end
      end
    end
    local body = table.concat(parts, "\n")
    if emit.typst then return emit.raw("#status-bar(\n" .. body .. "\n)") end
    return emit.raw('<dl class="status-bar">\n' .. body .. "\n</dl>")
  end

  local function title_of(div) return div.attributes.title and emit.text(div.attributes.title) end

  local function card(div, name)
    local title = title_of(div)
    if emit.typst then
      return emit.around("#" .. name .. "(title: " .. (title and "[" .. title .. "]" or "none") .. ")[", div.content, "]")
    end
    local head = title and '<p class="' .. name .. '-title">' .. title .. "</p>" or ""
    return emit.around('<div class="' .. name .. '">' .. head, div.content, "</div>")
  end

  -- Each card is one argument of the Typst grid.
  local function cards(div)
    local out = pandoc.Blocks({ emit.raw(emit.typst and "#cards(" or '<div class="cards">') })
    for _, child in ipairs(list_of(div, "card")) do
      local title = title_of(child)
      local argument = "(" .. (title and "[" .. title .. "]" or "none") .. ", ["
      out:extend(emit.typst and emit.around(argument, child.content, "]),") or card(child, "card"))
    end
    out:insert(emit.raw(emit.typst and ")" or "</div>"))
    return out, false
  end

  local function quote(div)
    local by = div.attributes.by and emit.text(div.attributes.by)
    local content = div.content
    if #content == 1 and content[1].t == "BlockQuote" then content = content[1].content end
    if emit.typst then
      return emit.around("#voice(by: " .. (by and "[" .. by .. "]" or "none") .. ")[", content, "]")
    end
    local after = by and "<figcaption>" .. by .. "</figcaption>" or ""
    return emit.around('<figure class="quote"><blockquote>', content, "</blockquote>" .. after .. "</figure>")
  end

  local function wrapped(name)
    return function(div)
      if emit.html then return nil end
      return emit.around("#" .. name .. "[", div.content, "]")
    end
  end

  local DIVS = {
    ["status-bar"] = status_bar,
    cards = cards,
    card = function(div) return card(div, "card") end,
    ["key-finding"] = function(div) return card(div, "key-finding") end,
    quote = quote,
    banner = wrapped("banner"),
    lead = wrapped("lead"),
    note = wrapped("note"),
    landscape = wrapped("landscape"),
  }

  function components.div(div)
    for _, class in ipairs(div.classes) do
      if DIVS[class] then return DIVS[class](div) end
    end
  end

  local function light(span)
    for _, colour in ipairs(LIGHTS) do
      if span.classes:includes(colour) then
        return emit.raw_inline("#light(" .. emit.string(colour) .. ")[" .. emit.source(span.content) .. "]")
      end
    end
  end

  local function styled(name)
    return function(span) return emit.raw_inline("#" .. name .. "[" .. emit.source(span.content) .. "]") end
  end

  local SPANS = { light = light, big = styled("big"), muted = styled("muted") }

  function components.span(span)
    if emit.html then return nil end
    for _, class in ipairs(span.classes) do
      if SPANS[class] then return SPANS[class](span) end
    end
  end

  -- The embedded template prints the banner itself; Quarto's HTML template does not know it.
  function components.page_banner(doc)
    local banner = doc.meta["page-banner"]
    if not banner or emit.typst then return doc end
    local text = emit.escape(pandoc.utils.stringify(banner))
    doc.blocks:insert(1, emit.raw('<p class="page-banner">' .. text .. "</p>"))
    doc.blocks:insert(emit.raw('<p class="page-banner">' .. text .. "</p>"))
    return doc
  end

  return components
end
