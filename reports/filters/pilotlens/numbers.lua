-- Numbers of sections, figures and tables, and the references to them. The same in HTML and PDF.
return function(emit, faults)
  local numbers = { of = {} }
  local WORDS = { fig = "Figure", tbl = "Table", sec = "Section" }
  local NBSP = "\u{a0}"

  local function kind_of(id) return (id or ""):match("^(%a+)%-") end

  local function name(id, entry)
    if faults and numbers.of[id] then faults.add(id, "the label '" .. id .. "' is used twice") end
    numbers.of[id] = entry
  end

  local function shallowest(doc)
    local level = 9
    doc:walk({ Header = function(h) level = math.min(level, h.level) end })
    return level
  end

  local function counted(counts, level)
    counts[level] = (counts[level] or 0) + 1
    for deeper = level + 1, 9 do counts[deeper] = nil end
    local parts = {}
    for index = 1, level do parts[index] = tostring(counts[index] or 0) end
    return table.concat(parts, ".")
  end

  -- The first level under the title is h2 in HTML (h1 is the title) and 1 in Typst, however the author wrote it.
  function numbers.headings(doc)
    local base, counts, before = shallowest(doc) - 1, {}, 0
    local numbered = doc.meta["section-numbering"] ~= nil
    return doc:walk({
      Header = function(header)
        local level = header.level - base
        local title = pandoc.utils.stringify(header)
        if level > before + 1 then faults.add(title, "the heading '" .. title .. "' skips a level") end
        before = level
        local entry = { title = title }
        if numbered and not header.classes:includes("unnumbered") then
          entry.number = counted(counts, level)
          if emit.html then
            header.content:insert(1, pandoc.Span(entry.number .. NBSP, { class = "section-number" }))
          end
        end
        if kind_of(header.identifier) == "sec" then name(header.identifier, entry) end
        header.level = level + (emit.html and 1 or 0)
        return header
      end,
    })
  end

  -- Figures and tables count in the order they stand.
  function numbers.register(doc)
    local counts = { fig = 0, tbl = 0 }
    local function register(element)
      local kind = kind_of(element.identifier)
      if counts[kind] then
        counts[kind] = counts[kind] + 1
        name(element.identifier, { number = tostring(counts[kind]) })
      end
    end
    doc:walk({ traverse = "topdown", Div = register, Figure = register, Table = register })
  end

  function numbers.label(id)
    local entry = numbers.of[id]
    return entry and entry.number and WORDS[kind_of(id)] .. NBSP .. entry.number
  end

  local function link(citation)
    local id = citation.id
    local entry = numbers.of[id]
    if not entry then
      faults.add("@" .. id, "the reference @" .. id .. " points to nothing")
      return pandoc.Str("?")
    end
    local text = numbers.label(id) or "‘" .. entry.title .. "’"
    if emit.typst then return emit.raw_inline("#link(<" .. id .. ">)[" .. emit.text(text) .. "]") end
    return pandoc.Link({ pandoc.Str(text) }, "#" .. id, "", { class = "reference" })
  end

  function numbers.reference(cite)
    local out = pandoc.Inlines({})
    for index, citation in ipairs(cite.citations) do
      if index > 1 then out:extend({ pandoc.Str(","), pandoc.Space() }) end
      out:extend(citation.prefix)
      if #citation.prefix > 0 then out:insert(pandoc.Space()) end
      out:insert(link(citation))
      out:extend(citation.suffix)
    end
    return out
  end

  return numbers
end
