// Behaviour beyond HTML and htmx: the event stream, relative times, and the copy
// buttons. Every page works without this file.
(() => {
  'use strict';
  const root = document.documentElement;
  root.classList.add('js');

  // Times, in the zone of the viewer: "3 hours ago" within a day, else "Sat 08:54" or
  // "Thu 10 Dec". The title has the exact time.
  const relative = new Intl.RelativeTimeFormat('en', { numeric: 'always' });
  const clock = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' };
  const exact = new Intl.DateTimeFormat('en-GB', { dateStyle: 'full', timeStyle: 'short' });
  const format = (at, options) => new Intl.DateTimeFormat('en-GB', options).format(at).replace(',', '');
  const dayOf = (at) => Math.round(new Date(at).setHours(0, 0, 0, 0) / 86400000);
  const formatTime = (at) => {
    const seconds = (at - Date.now()) / 1000, distance = Math.abs(seconds);
    if (distance < 60) return 'just now';
    if (distance < 3600) return relative.format(Math.trunc(seconds / 60), 'minute');
    const days = dayOf(at) - dayOf(Date.now());
    if (days === 0 || distance < 43200) return relative.format(Math.trunc(seconds / 3600), 'hour');
    if (days === -1) return `yesterday ${format(at, clock)}`;
    if (days === 1) return `tomorrow ${format(at, clock)}`;
    if (Math.abs(days) < 7) return format(at, { weekday: 'short', ...clock });
    const year = new Date(at).getFullYear() === new Date().getFullYear() ? {} : { year: 'numeric' };
    return format(at, { weekday: 'short', day: 'numeric', month: 'short', ...year });
  };
  const updateTimes = (within) => {
    for (const time of within.querySelectorAll('time[datetime]')) {
      const at = Date.parse(time.dateTime), text = formatTime(at);
      if (time.title) time.title = exact.format(at);
      if (time.textContent !== text) time.textContent = text;
    }
  };

  // Replacing a part of the page keeps the focus and an open menu.
  const replace = (old, html) => {
    const template = document.createElement('template');
    template.innerHTML = html;
    const next = template.content.firstElementChild;
    if (!next) return old;
    const focused = old.contains(document.activeElement) ? document.activeElement : null;
    const place = focused && [...old.querySelectorAll('a,button,summary')].indexOf(focused);
    const open = old.querySelector('details.menu[open]');
    old.replaceWith(next);
    if (open) next.querySelectorAll('details.menu')[[...old.querySelectorAll('details.menu')].indexOf(open)]?.setAttribute('open', '');
    if (old.querySelector('.pick :checked')) { const pick = next.querySelector('.pick input'); if (pick) pick.checked = true; }
    if (focused) next.querySelectorAll('a,button,summary')[place]?.focus({ preventScroll: true });
    prepare(next);
    return next;
  };

  const prepare = (within) => {
    updateTimes(within);
    for (const hidden of within.querySelectorAll('.copy[hidden], .pick-all[hidden]')) hidden.hidden = false;
    for (const field of within.querySelectorAll('input.offset')) field.value = new Date().getTimezoneOffset();
  };

  // The event stream. data-events holds its URL; a page without it gets no updates.
  let source = null, address = '', failures = 0;
  const follow = () => {
    const at = document.querySelector('[data-events]')?.dataset.events || '';
    if (at === address && source && source.readyState !== EventSource.CLOSED) return;
    if (source) source.close();
    source = null;
    address = at;
    if (at) listen(new EventSource(at));
  };
  const listen = (events) => {
    source = events;
    const unseen = new Set();
    const on = (name, handle) => events.addEventListener(name, (e) => { root.classList.remove('offline'); handle(e.data); });
    events.onopen = () => { failures = 0; offline(false); };
    events.onerror = () => {
      offline(true);
      if (events.readyState !== EventSource.CLOSED) return; // the browser reconnects automatically
      const wait = Math.min(30000, 1000 * 2 ** failures++);
      setTimeout(() => { if (source === events) { address = ''; follow(); } }, wait + Math.random() * 1000);
    };
    on('row', (html) => {
      const id = /id="([^"]+)"/.exec(html)?.[1];
      const old = id && document.getElementById(id);
      if (old) { replace(old, html).classList.add('new-look'); return; }
      unseen.add(id);
      const more = document.querySelector('.fresh-rows');
      if (!more) return;
      more.hidden = false;
      more.firstElementChild.href = location.href;
      const kind = document.querySelector('[data-partial]') ? 'new or updated' : 'new';
      more.firstElementChild.textContent = `Show ${unseen.size} ${kind} staging${unseen.size === 1 ? '' : 's'}`;
      if (!document.querySelector('.rows')) reload(); // the list is empty, so no row can move
    });
    on('gone', (name) => {
      const row = document.getElementById('s-' + name);
      if (row) row.classList.add('left');
      else if (document.getElementById('body')) location.reload();
    });
    on('status', (html) => {
      const old = document.getElementById('status');
      if (old && old.outerHTML !== html) replace(old, html);
    });
    on('filters', (html) => {
      const old = document.getElementById('filters');
      if (old && old.outerHTML !== html) replace(old, html);
    });
    on('fresh', (html) => {
      const old = document.getElementById('fresh');
      if (old) replace(old, html);
    });
    on('changed', () => window.htmx?.trigger('#body', 'changed'));
    on('ran', () => { for (const part of ['#outcome', '#result']) if (document.querySelector(part)) window.htmx?.trigger(part, 'ran'); });
    on('reset', reload);
    on('beat', () => {});
  };
  const reload = () => {
    if (document.getElementById('results')) {
      window.htmx?.ajax('GET', location.href, { target: '#results', swap: 'outerHTML' });
    } else {
      window.htmx?.trigger('#body', 'changed');
    }
  };
  let since = null;
  const offline = (yes) => {
    const line = document.getElementById('fresh');
    if (!yes) {
      if (since && line && root.classList.contains('offline')) reload();
      root.classList.remove('offline');
      since = null;
      return;
    }
    since ??= Date.now();
    setTimeout(() => {
      if (!since || !line || root.classList.contains('offline')) return;
      root.classList.add('offline');
      line.textContent = 'Connection lost. Trying again … This page may be out of date.';
      line.classList.add('unsure');
    }, 4000);
  };

  document.addEventListener('click', async (e) => {
    const copy = e.target.closest('.copy');
    if (copy) {
      const label = copy.innerHTML;
      try {
        await navigator.clipboard.writeText(copy.dataset.copy);
        copy.textContent = 'Copied';
      } catch {
        copy.textContent = 'Copying is blocked';
      }
      setTimeout(() => { copy.innerHTML = label; }, 1600);
    }
    for (const menu of document.querySelectorAll('details.menu[open]')) {
      if (!menu.contains(e.target)) menu.removeAttribute('open');
    }
  });
  document.addEventListener('keydown', (e) => {
    if (e.key === 'Escape') {
      for (const menu of document.querySelectorAll('details.menu[open]')) {
        menu.removeAttribute('open');
        menu.querySelector('summary').focus();
      }
    }
    const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement?.tagName || '');
    if (e.key === '/' && !typing && !e.ctrlKey && !e.metaKey) {
      const field = document.getElementById('q');
      if (field) { e.preventDefault(); field.focus(); }
    }
  });
  // Select all, and the number of what is selected.
  document.addEventListener('change', (e) => {
    if (!e.target.closest('.pick')) return;
    const picks = [...document.querySelectorAll('.row .pick input')];
    if (e.target.matches('.pick-all')) for (const pick of picks) pick.checked = e.target.checked;
    const count = document.querySelector('.picked');
    if (count) count.textContent = `${picks.filter((pick) => pick.checked).length} selected`;
  });

  // Find a setting, and only the changed ones.
  const narrow = () => {
    const words = document.querySelector('[data-narrow]').value.toLowerCase().split(/\s+/).filter(Boolean);
    const changed = document.querySelector('[data-changed]').checked;
    let found = 0;
    for (const group of document.querySelectorAll('.fields .group')) {
      let some = false;
      for (const one of group.querySelectorAll('.field')) {
        const text = `${group.querySelector('legend').textContent} ${one.textContent}`.toLowerCase();
        const fits = words.every((word) => text.includes(word)) && (!changed || one.matches('.changed, .wrong') || isEdited(one));
        one.classList.toggle('out', !fits);
        if (fits) { some = true; found++; }
      }
      group.classList.toggle('out', !some);
    }
    document.querySelector('[data-found]').textContent = words.length || changed ? (found === 1 ? '1 setting' : `${found} settings`) : '';
  };
  const isEdited = (one) => [...one.querySelectorAll('input:not([type=hidden]), select')].some((e) => (e.type === 'checkbox' ? e.checked !== e.defaultChecked
    : e.tagName === 'SELECT' ? [...e.options].some((o) => o.selected !== o.defaultSelected) && e.querySelector('[selected]') : e.value !== e.defaultValue));
  for (const name of ['input', 'change']) {
    document.addEventListener(name, (e) => {
      if (!e.target.matches('[data-narrow], [data-changed]')) return;
      e.stopPropagation(); // no setting was edited
      narrow();
    }, true);
  }

  // A setting shows while the values of others are those under which it applies.
  const valueIn = (form, name) => {
    const values = new FormData(form).getAll(`set.${name}`);
    return form.querySelector(`[name="set.${name}"][role=switch]`) ? values.slice(-1) : values;
  };
  const showFields = () => {
    for (const field of document.querySelectorAll('[data-when]')) {
      const form = field.closest('form'), wanted = Object.entries(JSON.parse(field.dataset.when));
      const there = wanted.filter(([name]) => form?.querySelector(`[name="set.${name}"]`));
      const unmet = there.some(([name, values]) => !valueIn(form, name).some((v) => values.includes(v)));
      field.hidden = !field.matches('.wrong') && (unmet || there.length < wanted.length && 'unused' in field.dataset);
    }
  };
  document.addEventListener('change', showFields);
  showFields();

  // Unsaved edits: leaving asks, and coming back brings them. Secrets are not kept.
  const form = document.querySelector('form.form'), prefix = 'octopod-edits:', edits = prefix + location.pathname;
  const fieldsOf = () => [...form.elements].filter((e) => e.name && !['hidden', 'submit'].includes(e.type) && !e.matches('[data-private]'));
  const stored = (use) => { try { return use(sessionStorage); } catch { return null; /* storage is off */ } };
  let dirty = false;
  const restore = () => {
    const values = JSON.parse(stored((s) => s.getItem(edits)) || 'null'), fields = fieldsOf();
    if (!values || document.querySelector('.wrong, main > .notice') || values.length !== fields.length) return;
    if (!values.every(([name], i) => fields[i].name === name)) return;
    values.forEach(([, value], i) => { fields[i][fields[i].type === 'checkbox' ? 'checked' : 'value'] = value; });
    dirty = true;
    document.querySelector('.restored').hidden = false;
    addEventListener('load', () => form.dispatchEvent(new Event('change', { bubbles: true }))); // the preview
  };
  if (form) {
    form.addEventListener('input', () => {
      dirty = true;
      const values = fieldsOf().map((e) => [e.name, e.type === 'checkbox' ? e.checked : e.value]);
      stored((s) => s.setItem(edits, JSON.stringify(values)));
    });
    for (const sent of [form, document.getElementById('quick')]) sent?.addEventListener('submit', () => { dirty = false; });
    form.addEventListener('click', (e) => {
      if (!e.target.closest('[data-discard]')) return;
      dirty = false;
      stored((s) => s.removeItem(edits));
    });
    addEventListener('beforeunload', (e) => { if (dirty) e.preventDefault(); });
    restore();
  } else if (document.querySelector('.notice.good')) { // they were saved
    stored((s) => { for (const key of Object.keys(s)) if (key.startsWith(prefix)) s.removeItem(key); });
  }

  // "All stagings" leads back to the same list, at the same row.
  const list = document.querySelector('.find[action]'), kept = 'octopod-list';
  const remember = () => { try { sessionStorage.setItem(kept, location.pathname + location.search); } catch { /* storage is off */ } };
  if (list && document.getElementById('results')) remember();
  document.addEventListener('htmx:replacedInHistory', remember);
  document.addEventListener('click', (e) => {
    const back = e.target.closest('.back a');
    let to = null;
    try { to = sessionStorage.getItem(kept); } catch { /* storage is off */ }
    if (!back || !to || !to.startsWith(back.pathname)) return;
    const name = /\/stagings\/([^/]+)/.exec(location.pathname)?.[1];
    back.href = to + (name ? `#s-${name}` : '');
  }, true);

  // htmx cleans up what it replaces, node by node: a thousand rows would stop the page.
  document.addEventListener('htmx:beforeSwap', (e) => {
    if (e.detail.shouldSwap && e.detail.target.id === 'results') e.detail.target.replaceChildren();
  });
  document.addEventListener('htmx:afterSwap', (e) => {
    prepare(document.getElementById(e.detail.target.id) || document);
    follow();
  });
  // Submit buttons post the form normally; htmx only handles input events.
  const start = () => { prepare(document); follow(); setInterval(() => updateTimes(document), 20000); };
  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', start); else start();
})();
