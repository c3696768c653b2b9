-- Quarto's own blocks for the embedded renderer: conditional content, page breaks, callouts, tabsets, columns.
return function(emit, faults)
  local blocks = {}
  local FORMAT_NAME = emit.typst and "typst" or "html"
  local CALLOUTS = { note = "Note", tip = "Tip", warning = "Warning", important = "Important", caution = "Caution" }
  local ICONS = { note = "i", tip = "✓", warning = "!", important = "!", caution = "!" }
  local tabsets = 0

  local function shown(element)
    local classes, attributes = element.classes, element.attributes
    if not (classes:includes("content-visible") or classes:includes("content-hidden")) then return nil end
    local matches = true
    if attributes["when-format"] then matches = attributes["when-format"] == FORMAT_NAME end
    if attributes["unless-format"] then matches = attributes["unless-format"] ~= FORMAT_NAME end
    return classes:includes("content-visible") == matches
  end

  local function conditional(element)
    local show = shown(element)
    if show == nil then return nil end
    return show and element.content or {}
  end

  function blocks.conditional(doc)
    -- From the outside in: what is hidden is never looked at.
    return doc:walk({ traverse = "topdown", Div = conditional, Span = conditional })
  end

  local function pagebreak(para)
    if pandoc.utils.stringify(para):match("^{{<%s*pagebreak%s*>}}$") then
      return emit.raw(emit.typst and "#pagebreak(weak: true)" or '<div class="page-break"></div>')
    end
  end

  local function callout_kind(div)
    for _, class in ipairs(div.classes) do
      local kind = class:match("^callout%-(.+)$")
      if kind and CALLOUTS[kind] then return kind end
    end
  end

  -- A title attribute, else a heading that comes first.
  local function callout_title(div)
    if div.attributes.title then return emit.text(div.attributes.title), div.content end
    local first = div.content[1]
    if first and first.t == "Header" then
      local rest = pandoc.Blocks({ table.unpack(div.content, 2) })
      return emit.source(first.content), rest
    end
    return nil, div.content
  end

  local function callout(div, kind)
    local title, content = callout_title(div)
    if emit.typst then
      local arguments = emit.string(kind) .. ", word: " .. emit.string(CALLOUTS[kind])
      return emit.around("#callout-box(" .. arguments .. ", title: " .. (title and "[" .. title .. "]" or "none") .. ")[", content, "]")
    end
    local head = '<span class="callout-icon" aria-hidden="true">' .. ICONS[kind] .. "</span><span>"
      .. CALLOUTS[kind] .. (title and ": " .. title or "") .. "</span>"
    local class = '"callout callout-' .. kind .. '"'
    if div.attributes.collapse == "true" then
      return emit.around("<details class=" .. class .. '><summary class="callout-title">' .. head .. "</summary>", content, "</details>")
    end
    return emit.around('<div class=' .. class .. '><p class="callout-title">' .. head .. "</p>", content, "</div>")
  end

  -- {title inlines, blocks} for each heading of the tabset's first level.
  local function tabs_of(div)
    local tabs, level = pandoc.List(), nil
    for _, block in ipairs(div.content) do
      if block.t == "Header" and (level == nil or block.level == level) then
        level = block.level
        tabs:insert({ title = block.content, content = pandoc.Blocks({}) })
      elseif #tabs > 0 then
        tabs[#tabs].content:insert(block)
      end
    end
    return tabs
  end

  local function printed_tabs(tabs)
    local out = pandoc.Blocks({})
    for _, tab in ipairs(tabs) do
      out:insert(emit.raw("#tab-title[" .. emit.source(tab.title) .. "]"))
      out:extend(tab.content)
    end
    return out
  end

  -- Radio buttons choose the panel: keyboard and screen readers know them, and no script is needed.
  local function tabset(div)
    local tabs = tabs_of(div)
    if #tabs == 0 then faults.add("panel-tabset", "a tabset needs a heading for each tab") end
    if emit.typst then return printed_tabs(tabs) end
    tabsets = tabsets + 1
    local name = "tabset-" .. tabsets
    local head, out = { '<fieldset class="tabset"><legend class="visually-hidden">Choose a view</legend>' }, pandoc.Blocks({})
    for index, tab in ipairs(tabs) do
      local id = name .. "-" .. index
      head[#head + 1] = '<input type="radio" name="' .. name .. '" id="' .. id .. '"' .. (index == 1 and " checked" or "")
        .. '><label for="' .. id .. '">' .. emit.source(tab.title) .. "</label>"
      out:extend(emit.around('<section><p class="tab-title">' .. emit.source(tab.title) .. "</p>", tab.content, "</section>"))
    end
    return emit.around(table.concat(head, "\n") .. '\n<div class="panels">', out, "</div></fieldset>")
  end

  local function width_of(column)
    local percent = (column.attributes.width or ""):match("^(%d+%.?%d*)%%$")
    return percent and tonumber(percent) or nil
  end

  -- Children side by side; in HTML the widths are shares of one row, on narrow screens they stack.
  local function side_by_side(children, widths)
    local out = pandoc.Blocks({})
    if emit.typst then
      local shares = {}
      for index in ipairs(children) do shares[index] = (widths[index] or 1) .. "fr" end
      out:insert(emit.raw("#side-by-side((" .. table.concat(shares, ", ") .. ",),"))
      for _, child in ipairs(children) do out:extend(emit.around("[", child, "],")) end
      out:insert(emit.raw(")"))
      return out
    end
    for index, child in ipairs(children) do
      out:extend(emit.around('<div class="column" style="flex-grow: ' .. (widths[index] or 1) .. '">', child, "</div>"))
    end
    return emit.around('<div class="columns">', out, "</div>")
  end

  local function columns(div)
    local children, widths = {}, {}
    for _, child in ipairs(div.content) do
      if child.t == "Div" and child.classes:includes("column") then
        children[#children + 1] = child.content
        widths[#children] = width_of(child)
      end
    end
    return side_by_side(children, widths)
  end

  local function layout_ncol(div)
    local count, out = tonumber(div.attributes["layout-ncol"]), pandoc.Blocks({})
    for start = 1, #div.content, count do
      local row = {}
      for index = start, math.min(start + count - 1, #div.content) do row[#row + 1] = { div.content[index] } end
      out:extend(side_by_side(row, {}))
    end
    return out
  end

  local function layout(div)
    local kind = callout_kind(div)
    if kind then return callout(div, kind) end
    if div.classes:includes("panel-tabset") then return tabset(div) end
    if div.classes:includes("columns") then return columns(div) end
    if div.attributes["layout-ncol"] then return layout_ncol(div) end
  end

  function blocks.layout(doc)
    return doc:walk({ Para = pagebreak, Div = layout })
  end

  -- Long code scrolls sideways, so the keyboard must reach it.
  function blocks.code(block)
    if emit.html then block.attributes.tabindex = "0" end
    return block
  end

  return blocks
end
