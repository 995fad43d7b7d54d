; extends

; Fields of tasks and sections: [key:: value].
((shortcut_link
  (link_text) @_field) @orchestrator.field
  (#lua-match? @_field "^%a[%w_-]*::%s")
  (#set! priority 105))

; Statuses that are no check boxes to Markdown: [/] [!] [?] [-].
((inline
  . (shortcut_link
      (link_text) @_mark) @orchestrator.status.failed)
  (#eq? @_mark "!")
  (#set! priority 105))

((inline
  . (shortcut_link
      (link_text) @_mark) @orchestrator.status.asking)
  (#eq? @_mark "?")
  (#set! priority 105))

((inline
  . (shortcut_link
      (link_text) @_mark) @orchestrator.status.progress)
  (#eq? @_mark "/")
  (#set! priority 105))

((inline
  . (shortcut_link
      (link_text) @_mark) @orchestrator.status.cancelled)
  (#eq? @_mark "-")
  (#set! priority 105))
